template <typename T> struct Part {
    static constexpr int size = sizeof(T);
};
int other_size();
int last_size();
