# SPDX-License-Identifier: Apache-2.0
# Every tests/{unit,contract,property,scenarios}/*_test.c is a Criterion program and a ctest of its name; those
# in tests/integration have the label "slow". Shell tests are named one by one below.
pkg_check_modules(CRITERION REQUIRED IMPORTED_TARGET criterion)

add_library(no_certificates OBJECT tests/no_certificates.c)

# These wait for threads and time limits and hardly compute: many cases at once.
set(WAITS executor_fake_test executor_libvirt_test)

# What tests share and no program has: executors in simulated time and dry ones.
add_library(test_support STATIC tests/support/executor_dry.c tests/support/executor_simulated.c)
target_link_libraries(test_support PUBLIC act)

function(criterion_tests folder label)
  file(GLOB sources CONFIGURE_DEPENDS tests/${folder}/*_test.c)
  if(NOT WITH_GLPK)
    list(FILTER sources EXCLUDE REGEX "/(lp|tree|exact)_test\\.c$") # of scheduler/milp
  endif()
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source} $<TARGET_OBJECTS:no_certificates>)
    target_link_libraries(${name} test_support app PkgConfig::CRITERION)
    target_link_options(${name} PRIVATE -Wl,--export-dynamic-symbol=mbedtls_x509_crt_parse_file)
    target_compile_definitions(${name} PRIVATE SOURCE_DIR="${CMAKE_SOURCE_DIR}" BUILD_DIR="${CMAKE_BINARY_DIR}")
    set(jobs 2)
    if(name IN_LIST WAITS)
      set(jobs 16)
    endif()
    add_test(NAME ${name} COMMAND ${name} --jobs ${jobs})
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 300)
  endforeach()
endfunction()
if(NOT FUZZ)
  criterion_tests(unit fast)
  criterion_tests(contract fast)
  criterion_tests(property fast)
  criterion_tests(scenarios fast)
  criterion_tests(integration slow)
  foreach(function evaluator_refuse evaluator_delta evaluator_move rule_broken) # it counts the calls
    target_link_options(plan_time_property_test PRIVATE -Wl,--wrap=${function})
  endforeach()
  foreach(test problem_once_test service_problem_test) # they count the calls
    target_link_options(${test} PRIVATE -Wl,--wrap=problem_build)
  endforeach()
  # What is wide begins first: a build that has not run its tests yet does not know how long they take.
  set_tests_properties(planner_property_test hanging_test rules_property_test schedule_property_test executor_fake_test
    goals_property_test exact_test scenario_test PROPERTIES COST 10)
endif()

# Programs that stories use.
add_executable(migrate_one tests/integration/migrate_one.c)
target_link_libraries(migrate_one act_libvirt)

# Preloaded into a redis-server of a test: its clock is the test's (world_test.c).
add_library(redis_clock MODULE tests/integration/redis_clock.c)
target_compile_options(redis_clock PRIVATE -fno-sanitize=all)
target_link_options(redis_clock PRIVATE -fno-sanitize=all)

# tests/integration/*.sh: stories on real programs; each says at its top what it needs. 77: skipped, with the reason.
file(GLOB stories CONFIGURE_DEPENDS tests/integration/*_test.sh)
foreach(story ${stories})
  get_filename_component(name ${story} NAME_WE)
  add_test(NAME ${name} COMMAND ${story} ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS slow SKIP_RETURN_CODE 77 TIMEOUT 600)
  if(name MATCHES "^storage_")
    set_tests_properties(${name} PROPERTIES LABELS "slow;storage")
  endif()
  if(name MATCHES "^lab_")
    set_tests_properties(${name} PROPERTIES RESOURCE_LOCK lab LABELS "slow;lab")
  endif()
endforeach()

# tests/arrows/*.sh, *.py: what the tree itself keeps to. purity.sh is given the pure rooms' libraries.
file(GLOB arrows CONFIGURE_DEPENDS tests/arrows/*.sh tests/arrows/*.py)
list(FILTER arrows EXCLUDE REGEX "/(purity\\.sh|links\\.py)$")
foreach(script ${arrows})
  get_filename_component(name ${script} NAME_WE)
  add_test(NAME ${name} COMMAND ${script} ${CMAKE_SOURCE_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS fast)
endforeach()
if(NOT SANITIZE)
  set(pure "")
  foreach(room base model json health wire build files rules import judge migration cost problem search order whynot plan query policies)
    get_target_property(type ${room} TYPE)
    if(type STREQUAL STATIC_LIBRARY)
      list(APPEND pure $<TARGET_FILE:${room}>)
    endif()
  endforeach()
  add_test(NAME purity COMMAND ${CMAKE_SOURCE_DIR}/tests/arrows/purity.sh ${pure})
  add_test(NAME links COMMAND ${CMAKE_SOURCE_DIR}/tests/arrows/links.py ${CMAKE_BINARY_DIR})
  set_tests_properties(purity links PROPERTIES LABELS fast)
endif()

# A fuzzer is tests/fuzz/fuzz_NAME.c with its corpus in tests/fuzz/corpus/NAME. In every build its corpus is run
# as a plain test; preset "fuzz" makes it a libFuzzer program.
file(GLOB fuzzers CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
foreach(source ${fuzzers})
  get_filename_component(name ${source} NAME_WE)
  string(REPLACE "fuzz_" "" corpus ${name})
  if(FUZZ)
    add_executable(${name} ${source})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${name} ${source} tests/fuzz/corpus_main.c)
    add_test(NAME ${name} COMMAND ${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${corpus})
    set_tests_properties(${name} PROPERTIES LABELS fast)
  endif()
  target_link_libraries(${name} app)
endforeach()

# Every parser has a fuzzer; tests/fuzz/coverage says how much of each its corpus reaches (a minute or two: not a test).
add_test(NAME parsers COMMAND ${CMAKE_SOURCE_DIR}/tests/fuzz/parsers.py ${CMAKE_SOURCE_DIR})
set_tests_properties(parsers PROPERTIES LABELS fast)

# tests/bench/NAME.c is a command of its own, bench_NAME, not a test: what it measures depends on the machine.
file(GLOB benches CONFIGURE_DEPENDS tests/bench/*.c)
if(NOT FUZZ)
  foreach(source ${benches})
    get_filename_component(name ${source} NAME_WE)
    add_executable(bench_${name} ${source})
    target_link_libraries(bench_${name} app)
  endforeach()
endif()

# tests/recipes/run does what HACKING.md says under "How to add …", in an overlay of the tree.
if(NOT FUZZ)
  add_test(NAME recipes COMMAND ${CMAKE_SOURCE_DIR}/tests/recipes/run ${CMAKE_BINARY_DIR} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(recipes PROPERTIES LABELS slow SKIP_RETURN_CODE 77 TIMEOUT 600)
endif()
