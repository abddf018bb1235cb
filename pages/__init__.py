"""How it is seen: the read API, pages, languages and charts, for both servers; it writes nothing."""
