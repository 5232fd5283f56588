-- Of the rows changed ($2), the values that they do not have any more: those not among $3 to $5.
DELETE FROM {schema}.view_index AS i
WHERE i.view = $1 AND i.key = ANY ($2::text[])
  AND NOT EXISTS (SELECT FROM unnest($3::text[], $4::text[], $5::text[]) AS n (name, value, key)
                  WHERE n.key = i.key AND n.name = i.name AND n.value = i.value)
