/* Loaded into a node before the C library's mathematics: two functions of it that never return. The engine looks whether a call
 * must end wherever it works for long itself; what the system does for it, it can't leave. */
#include <stddef.h>
#include <sys/mman.h>
#include <time.h>

#define STEP ((size_t)16 << 20)
#define STEPS 40

static volatile double turns;

/* Math.sinh: runs. */
double sinh(double x) {
    for (;;) turns += x;
}

/* Math.cosh: takes memory, 640 MiB in the end, and then waits. */
double cosh(double x) {
    const struct timespec pause = {0, 5000000};
    for (int step = 0; step < STEPS; step++) {
        char *block = mmap(NULL, STEP, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (block == MAP_FAILED) break;
        for (size_t at = 0; at < STEP; at += 4096) block[at] = 1;
        nanosleep(&pause, NULL);
    }
    for (;;) {
        nanosleep(&pause, NULL);
        turns += x;
    }
}
