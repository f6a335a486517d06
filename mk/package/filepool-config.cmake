# find_package(filepool) defines the target filepool::filepool.
get_filename_component(filepool_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.."
                       ABSOLUTE)
if(NOT TARGET filepool::filepool)
  add_library(filepool::filepool STATIC IMPORTED)
  set_target_properties(
    filepool::filepool
    PROPERTIES IMPORTED_LOCATION "${filepool_prefix}/lib/libfilepool.a"
               INTERFACE_INCLUDE_DIRECTORIES "${filepool_prefix}/include"
               INTERFACE_LINK_LIBRARIES "ntdll;synchronization")
endif()
unset(filepool_prefix)
