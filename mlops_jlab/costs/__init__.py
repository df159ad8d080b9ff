"""What runs have used of machines, what that costs, and whether there is money for more."""
