#include "store/count.h"

#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace {

std::vector<std::string> words_of(const std::string &text)
{
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        words.push_back(word);
    if (words.empty())
        throw std::runtime_error("no words");
    return words;
}

thread_local int count;

} // namespace

int count_words(const char *text)
{
    int result = 0;
    std::thread counter([&] {
        count = static_cast<int>(words_of(text).size());
        result = count;
    });
    counter.join();
    try {
        words_of("");
    } catch (const std::runtime_error &) {
        return result;
    }
    return -1;
}
