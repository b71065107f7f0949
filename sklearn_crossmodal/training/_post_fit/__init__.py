"""What is fitted once a network is trained."""
