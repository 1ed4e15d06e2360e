package program

// sense looks at what was read as a whole.
func (c *compiler) sense(root *node) {}
