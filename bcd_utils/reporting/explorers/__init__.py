"""Something to click through in JupyterLab, one file a thing; a report shows a still of it."""
