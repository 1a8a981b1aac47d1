"""The privacy centre: pages on which customers see and steer their own data. Under `/privacy`."""
