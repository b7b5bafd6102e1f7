"""How far apart two distributions are: exact values, closed forms, quadrature and linear programs."""
