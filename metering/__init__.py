"""What is measured: quantities, readings, gaps, energy; pure values without SQL, web or clock."""
