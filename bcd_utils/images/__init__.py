"""Images as arrays: reading them, bringing them to the network's form, and what their grey levels are like."""
