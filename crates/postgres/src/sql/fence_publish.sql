UPDATE {schema}.feed_state SET settled = $1 WHERE settled < $1
