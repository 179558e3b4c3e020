/* The program that demonstrations compile by themselves is a verb of this one. It says "mounted" and not "ready". */
#define main serve_hung_fuse
#include "../../scripts/hung-fuse.c"
