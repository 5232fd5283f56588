INSERT INTO meta (only, store) VALUES (1, ?1)
