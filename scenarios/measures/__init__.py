"""What-ifs: each measure a small class that changes the configuration or posts commands on the clock."""
