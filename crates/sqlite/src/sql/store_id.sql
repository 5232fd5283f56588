SELECT store FROM meta
