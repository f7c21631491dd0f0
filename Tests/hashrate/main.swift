HashRate().run()
