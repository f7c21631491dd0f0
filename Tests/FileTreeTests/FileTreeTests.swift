// The tests of FileTree.
