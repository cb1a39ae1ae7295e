// Memory for OpenSSL in which every wrong use ends the process at the instruction that does it. Preload it (LD_PRELOAD).
//
// Each allocation lies at the end of pages of its own, before a page that nobody may touch; once freed, its pages may be touched no more and are never
// given out again. So a use after free, a write or read past the end, a second free and a free of something else are found; so is a write before
// the start or into the padding (an allocation is aligned to 16 bytes), when it is freed. Reads of memory not yet written are not found.
//
// Each costs the kernel two mappings, of which a process may have so many (vm.max_map_count, 65,530) and no more: at the next one this ends with "no memory", or the
// runtime, if it is the one who asks, with "Out of memory". So what is more than so many allocations alive at once comes from malloc (GUARD_PAGES sets the number). There
// a second free, and writes into the padding or before the start, are found when it is freed, and the rest is not.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul
#define REGION (4ul << 40)
#define LIVE 0x600df00d600df00dul
#define PADDING 0xA5

// For the rest of the process.
#define SPARE_MAPPINGS 12000

// In front of what the caller gets.
struct head {
    uint64_t mark;
    size_t size;
    char *pages;
    // 0: they are malloc's.
    size_t length;
};

static char *region;
static _Atomic size_t used;
static _Atomic long alive;
static long most_alive;

static void fail(const char *what, const void *where) {
    char text[160];
    int length = snprintf(text, sizeof text, "guard: %s at %p\n", what, where);
    if (write(STDERR_FILENO, text, (size_t)length) < 0) {
    }
    abort();
}

static void *fill(char *pages, size_t length, size_t size, size_t padded) {
    if (pages == NULL)
        fail("no memory", NULL);
    char *memory = length == 0 ? pages + sizeof(struct head) : pages + length - padded;
    struct head *head = (struct head *)memory - 1;
    *head = (struct head){LIVE, size, pages, length};
    memset(memory, 0x5A, size);
    memset(memory + size, PADDING, padded - size);
    return memory;
}

static void *guard_malloc(size_t size, const char *file, int line) {
    (void)file, (void)line;
    if (size == 0)
        return NULL;
    size_t padded = (size + 15) & ~15ul;
    if (atomic_load(&alive) >= most_alive)
        return fill(malloc(padded + sizeof(struct head)), 0, size, padded);
    atomic_fetch_add(&alive, 1);
    size_t length = (padded + sizeof(struct head) + PAGE - 1) & ~(PAGE - 1);
    // The page behind it stays closed.
    size_t at = atomic_fetch_add(&used, length + PAGE);
    if (at + length + PAGE > REGION)
        fail("the region is used up; run fewer connections", NULL);
    char *pages = region + at;
    if (mprotect(pages, length, PROT_READ | PROT_WRITE) != 0)
        fail("no memory", pages);
    return fill(pages, length, size, padded);
}

static struct head *check(void *memory) {
    struct head *head = (struct head *)memory - 1;
    if (head->mark != LIVE)
        fail("written before the start, freed already, or not the start of an allocation of this allocator", memory);
    for (size_t i = head->size; i < ((head->size + 15) & ~15ul); i++)
        if ((unsigned char)((char *)memory)[i] != PADDING)
            fail("written past the end", memory);
    return head;
}

static void guard_free(void *memory, const char *file, int line) {
    (void)file, (void)line;
    if (memory == NULL)
        return;
    // Freed before: this reads a closed page, and ends here.
    struct head *head = check(memory);
    char *pages = head->pages;
    size_t length = head->length;
    if (length == 0) {
        head->mark = 0;
        free(pages);
        return;
    }
    atomic_fetch_sub(&alive, 1);
    madvise(pages, length, MADV_DONTNEED);
    if (mprotect(pages, length, PROT_NONE) != 0)
        fail("cannot close pages", memory);
}

static void *guard_realloc(void *memory, size_t size, const char *file, int line) {
    if (memory == NULL)
        return guard_malloc(size, file, line);
    struct head *head = check(memory);
    void *moved = guard_malloc(size, file, line);
    if (moved != NULL)
        memcpy(moved, memory, head->size < size ? head->size : size);
    guard_free(memory, file, line);
    return moved;
}

static long budget(void) {
    const char *set = getenv("GUARD_PAGES");
    if (set != NULL)
        return atol(set);
    long mappings = 0;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "r");
    if (file == NULL || fscanf(file, "%ld", &mappings) != 1 || mappings <= 2 * SPARE_MAPPINGS)
        fail("vm.max_map_count cannot be read, or is too small", NULL);
    fclose(file);
    return (mappings - SPARE_MAPPINGS) / 2;
}

__attribute__((constructor)) static void install(void) {
    void *crypto = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_GLOBAL);
    int (*set)(void *, void *, void *) = crypto == NULL ? NULL : (int (*)(void *, void *, void *))dlsym(crypto, "CRYPTO_set_mem_functions");
    if (set == NULL)
        return;
    most_alive = budget();
    region = mmap(NULL, REGION, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED)
        fail("no address space", NULL);
    if (set((void *)guard_malloc, (void *)guard_realloc, (void *)guard_free) != 1)
        fail("OpenSSL has memory already", NULL);
}
