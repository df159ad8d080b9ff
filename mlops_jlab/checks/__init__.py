"""What must hold of data before anything is made of them."""
