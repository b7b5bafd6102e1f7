"""The f-GAN family: its table, its bound, and what each divergence covers."""
