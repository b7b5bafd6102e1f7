"""What scripts/config_page.py reads conf/ with: values and their comments, types, and who sets what."""
