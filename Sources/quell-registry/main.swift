import AsyncHTTPClient
import Glibc

// Talks with registries for quelld, one job a process: a connection that hangs, TLS and credentials stay out of the engine.

print("quell-registry is started by quelld: it fetches or sends one image")
exit(2)
