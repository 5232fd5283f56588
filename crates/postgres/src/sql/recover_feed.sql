-- The feed is settled anew, from the beginning; readers wait for that.
UPDATE {schema}.feed_state SET settled = 0 RETURNING 1
