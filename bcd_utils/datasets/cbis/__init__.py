"""CBIS-DDSM: its tables, its files, and the data set made of them."""
