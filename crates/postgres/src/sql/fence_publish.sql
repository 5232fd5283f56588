UPDATE {schema}.feed_state SET settled = $1
WHERE settled = (SELECT max(settled) FROM {schema}.feed_state) AND settled < $1
