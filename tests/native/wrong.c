// What an engine must not do to OpenSSL, one thing at a time: each must end the process under guard.c, and 0 (nothing wrong) must not.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef void *(*make)(void *);
typedef void (*end)(void *);

static void *symbol(const char *library, const char *name) {
    void *found = dlsym(dlopen(library, RTLD_NOW | RTLD_GLOBAL), name);
    if (found == NULL)
        exit(2);
    return found;
}

int main(int count, char **arguments) {
    int what = count > 1 ? atoi(arguments[1]) : 0;
    void *context = ((make)symbol("libssl.so.3", "SSL_CTX_new"))(((void *(*)(void))symbol("libssl.so.3", "TLS_server_method"))());
    char *ssl = ((make)symbol("libssl.so.3", "SSL_new"))(context);
    end ssl_free = (end)symbol("libssl.so.3", "SSL_free");
    char *memory = ((char *(*)(size_t, const char *, int))symbol("libcrypto.so.3", "CRYPTO_malloc"))(100, "", 0);
    void (*memory_free)(void *, const char *, int) = (void (*)(void *, const char *, int))symbol("libcrypto.so.3", "CRYPTO_free");
    volatile char seen = 0;
    switch (what) {
    case 1: // SSL_read after SSL_free
        ssl_free(ssl);
        seen = (char)((int (*)(void *, void *, int))symbol("libssl.so.3", "SSL_read"))(ssl, memory, 10);
        return 0;
    case 2: // SSL_free twice
        ssl_free(ssl);
        ssl_free(ssl);
        return 0;
    case 3: // read of a freed buffer
        memory_free(memory, "", 0);
        seen = memory[50];
        return 0;
    case 4: // write past the end, within the padding: found when it is freed
        memory[100] = seen;
        memory_free(memory, "", 0);
        return 0;
    case 5: // write far past the end
        memory[200] = seen;
        return 0;
    case 6: // write before the start
        memory[-1] = 1;
        memory_free(memory, "", 0);
        return 0;
    }
    memory_free(memory, "", 0);
    ssl_free(ssl);
    ((end)symbol("libssl.so.3", "SSL_CTX_free"))(context);
    return 0;
}
