"""django-oscar, a web shop: customers, orders, addresses, cards, messages and those who wait for an e-mail."""
