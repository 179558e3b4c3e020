/* What the parts of quell-misbehave have in common. */
#ifndef MISBEHAVE_H
#define MISBEHAVE_H

/* Says what failed, and ends. */
void fail(const char *what) __attribute__((noreturn));

/* Says "ready", and a number where there is one to know. */
void ready(int number);

/* nfs.c; for ever. */
void serve_files(void) __attribute__((noreturn));

/* fuse.c: main() of scripts/hung-fuse.c. */
int serve_hung_fuse(int count, char **words);

#endif
