"""What runs where student code runs. The sandbox gets this folder whole, so nothing secret may be here."""
