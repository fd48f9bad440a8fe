"""The DPO's pages in Airflow's own user interface. No rule about data lives here."""
