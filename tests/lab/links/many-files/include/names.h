#ifdef __cplusplus
extern "C" {
#endif
extern int changes, below, below_locks, real, settings;
void fail(const char *what);
void show(const char *what, int number);
int size_of_all(void);
int number_of_names(void);
int upper(int letter);
#ifdef __cplusplus
}
#endif
