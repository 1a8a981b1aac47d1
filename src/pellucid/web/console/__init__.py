"""The console: pages for the staff. Under `/staff`; its sessions and the customers' know nothing of each other."""
