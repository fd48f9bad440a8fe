"""Gallring on several machines: Airflow's CeleryExecutor, and staging on an object store."""
