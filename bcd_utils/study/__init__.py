"""What a study asks for, how it is read from its file, and the folder of its run."""
