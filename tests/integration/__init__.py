"""The whole pipeline on whole databases: what is expected beforehand, what is there afterwards."""
