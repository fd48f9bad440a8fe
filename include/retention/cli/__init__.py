"""The command line: it looks, explains and proves. Only Airflow acts."""
