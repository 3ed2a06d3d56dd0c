"""Labels: what their code says and how it is checked, how they look, and the forms in which printers take them."""
