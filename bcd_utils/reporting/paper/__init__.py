"""``bcd paper``: a folder of TeX that compiles as it stands, written from what runs have left."""
