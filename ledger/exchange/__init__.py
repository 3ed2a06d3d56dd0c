"""What comes in from outside and goes out: authors' statements, stories, HJ 1259 workbooks, catalogues, calendars."""
