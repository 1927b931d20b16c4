/*
 * Runs a command and tells what it took, as the kernel counts it for the process and its children: measure OUT COMMAND WORD...
 * The command's standard output goes to the file OUT. Prints wall and CPU time and the peak resident memory as JSON; the exit code is
 * the command's, or 128 and the signal that ended it. (Node does not tell a child's peak memory, and its own fork is not small.)
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void pass_on(int signal) { kill(child, signal); }

static double ms(struct timeval time) { return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3; }

int main(int argc, char **argv) {
  if (argc < 3) { fprintf(stderr, "usage: measure OUT COMMAND WORD...\n"); return 2; }
  const int out = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (out < 0) { perror(argv[1]); return 2; }
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  child = fork();
  if (child == 0) {
    dup2(out, STDOUT_FILENO);
    execvp(argv[2], argv + 2);
    perror(argv[2]);
    _exit(127);
  }
  if (child < 0) { perror("fork"); return 2; }
  signal(SIGTERM, pass_on);
  signal(SIGINT, pass_on);
  int status;
  struct rusage usage;
  if (wait4(child, &status, 0, &usage) < 0) { perror("wait4"); return 2; }
  clock_gettime(CLOCK_MONOTONIC, &end);
  const double wall = (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6;
  printf("{\"wallMs\":%.3f,\"cpuMs\":%.3f,\"peakBytes\":%ld}\n", wall, ms(usage.ru_utime) + ms(usage.ru_stime), usage.ru_maxrss * 1024);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
