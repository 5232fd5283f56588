-- Stamps may fall from one stream to another, so no search by halves will do: each type's index is walked.
SELECT min(e.position)
FROM event_types AS t
CROSS JOIN events AS e INDEXED BY events_by_type ON e.type = t.id
WHERE e.recorded_at >= ?1
