import Console

Syncctl.main()
