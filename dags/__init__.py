"""What runs when, and in which order. No rule about data lives here."""
