"""gan-lab from Python: what ``import gan_lab`` offers, a file for each word.

It stands above the command line, because ``train`` composes and trains exactly as that does.
"""
