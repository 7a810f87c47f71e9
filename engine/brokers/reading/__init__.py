"""Reading the forms of archives' answers: pure, from bytes to tables, refused when broken."""
