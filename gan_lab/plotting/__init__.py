"""Pictures as arrays and files: the style of figures, grids of images, a critic over the plane."""
