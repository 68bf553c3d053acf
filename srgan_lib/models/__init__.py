"""The networks, and the perceptual backbones that judge or guide them."""
