"""How a critic is kept Lipschitz or smooth, one method a file."""
