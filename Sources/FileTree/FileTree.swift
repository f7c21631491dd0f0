// The first file of FileTree.
