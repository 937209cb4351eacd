// Nothing but a main: the test is that it links.
int main() { return 0; }
