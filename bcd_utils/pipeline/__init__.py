"""From a study to its reports: which stages there are, which must run, running them, and the pages at the end."""
