import Glibc

exit(await Command().run())
