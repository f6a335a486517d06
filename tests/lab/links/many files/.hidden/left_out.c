#error "hidden directories are left out"
